"""What is the same on every page is made once: drawings when a template is compiled, addresses for each door."""

from collections.abc import Callable
from typing import Any

from django.template import Context, Library
from django.template.base import FilterExpression, Node, Parser, TextNode, Token
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as compile_url
from django.template.library import SimpleNode
from django.utils.html import conditional_escape

from elinkages.accounts import doors


def steady_tag(register: Library, function: Callable[..., str], name: str) -> None:
    """Register a simple tag whose HTML depends on its arguments alone: `{% icon "x" %}` becomes text for good."""
    register.simple_tag(function, name=name)
    compile_simple: Callable[[Parser, Token], SimpleNode] = register.tags[name]

    def compile_once(parser: Parser, token: Token) -> Node:
        node = compile_simple(parser, token)
        given = [*node.args, *node.kwargs.values()]
        if node.target_var is None and all(map(_is_literal, given)):
            return TextNode(node.render(Context()))
        return node

    register.tag(name, compile_once)


def _is_literal(expression: Any) -> bool:
    return isinstance(expression, FilterExpression) and not expression.is_var and not expression.filters


class UrlNode(URLNode):
    """Django's `{% url %}`; the address of a page that takes no argument is not made anew for every page."""

    @classmethod
    def compile(cls, parser: Parser, token: Token) -> "UrlNode":
        """As Django reads it."""
        node = compile_url(parser, token)
        return cls(node.view_name, node.args, node.kwargs, node.asvar)

    def render(self, context: Context) -> str:
        """The address; raises NoReverseMatch as Django does."""
        if self.args or self.kwargs or self.asvar:
            return str(super().render(context))
        return conditional_escape(doors.here(self.view_name.resolve(context)))
