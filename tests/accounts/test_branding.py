"""Branding: colors that can be read, logos that are safe, and where they are served."""

import io
import struct
import zlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from elinkages.accounts import branding, colors, doors, pictures
from elinkages.accounts.models import Branding, Msp
from elinkages.accounts.rights import Role
from elinkages.audit.models import AuditEvent
from elinkages.kernel import tenancy
from tests import builders
from tests.builders import AT, PASSWORD

pytestmark = pytest.mark.django_db


def _picture(size: tuple[int, int] = (400, 100), kind: str = "PNG", **options: Any) -> io.BytesIO:
    out = io.BytesIO()
    mode = "RGB" if kind == "JPEG" else "RGBA"
    Image.new(mode, size, (19, 79, 120, 255)[: len(mode)]).save(out, kind, **options)
    out.seek(0)
    return out


def _header(width: int, height: int) -> bytes:
    """The first bytes of a PNG that promises so many pixels."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + b"\0\0\0\1IDAT"


def _change(msp: Msp, **wanted: Any) -> Branding:
    with tenancy.use(msp.pk):
        return branding.change(msp, **{"accent": "#7a1f5c"} | wanted, by=builders.a_member(msp), at=AT)


# --- colors


def test_the_papers_are_those_of_the_style_sheet() -> None:
    from tests.house.test_css import PAPERS, TOKENS

    for paper in PAPERS:
        line = next(line for line in TOKENS.splitlines() if line.strip().startswith(f"--{paper}:"))
        assert any(color in line for color in colors.LIGHT_PAPERS)
        assert any(color in line for color in colors.DARK_PAPERS)


def test_contrast_is_that_of_the_standard() -> None:
    assert colors.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colors.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("color", ["#134f78", "#ff0000", "#00ff00", "#123456", "#ffffff", "#000000", "#808080"])
def test_a_color_comes_back_from_its_lightness_chroma_and_hue(color: str) -> None:
    assert colors.to_hex(colors.to_lch(color)) == color


@given(st.integers(0, 0xFFFFFF))
def test_every_color_has_readable_sisters_in_both_themes(number: int) -> None:
    reading = colors.read(f"#{number:06x}")
    assert reading.light_contrast >= colors.READABLE
    assert reading.dark_contrast >= colors.READABLE
    on_light = colors.Lch(0.99, min(colors.to_lch(reading.light).chroma, 0.003), 0)
    on_dark = colors.Lch(0.18, min(colors.to_lch(reading.dark).chroma, 0.03), 250)
    assert colors.contrast(colors.to_hex(on_light), reading.light) >= colors.READABLE
    assert colors.contrast(colors.to_hex(on_dark), reading.dark) >= colors.READABLE


def test_a_color_that_can_be_read_stays_as_it_is() -> None:
    reading = colors.read("#7A1F5C")
    assert (reading.is_readable, reading.light) == (True, "#7a1f5c")


@pytest.mark.parametrize("text", ["", "red", "#12", "#12345", "url(x)", "#134f78;}", "oklch(1% 1 1)"])
def test_what_is_no_color_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a color"):
        colors.parse(text)


# --- verbs


def test_a_brand_replaces_the_look_of_the_house_and_is_on_record() -> None:
    msp = builders.an_msp("Acme IT", contact_email="hello@acme.example")
    assert branding.of(msp).css_path == ""
    address = "  1 Main  St \n\n Springfield \n a\nb\nc"
    _change(msp, sender_name=" Acme  Partners ", reply_to="P@Acme.example", postal_address=address)
    brand = branding.of(Msp.objects.get(pk=msp.pk))
    assert (brand.accent_light, brand.sender_name, brand.reply_to) == ("#7a1f5c", "Acme Partners", "p@acme.example")
    assert brand.address_lines == ("1 Main St", "Springfield", "a", "b")
    assert brand.css_path == f"/brand/{msp.slug}/brand.css?v={brand.version}"
    with tenancy.use(msp.pk):
        assert AuditEvent.objects.filter(action="brand.changed").count() == 1


def test_without_a_brand_the_name_and_address_of_the_msp_are_used() -> None:
    brand = branding.of(builders.an_msp("Acme IT", contact_email="hello@acme.example", currency="EUR"))
    assert (brand.sender_name, brand.reply_to, brand.paper) == ("Acme IT", "hello@acme.example", "a4")


def test_a_color_that_nobody_can_read_is_refused_with_one_that_works() -> None:
    msp = builders.an_msp()
    with pytest.raises(branding.Unreadable, match=r"contrast of 1\.\d to 1") as refusal:
        _change(msp, accent="#ffd400")
    assert colors.read(refusal.value.suggestion).is_readable
    with pytest.raises(branding.BadColor, match="is not a color"):
        _change(msp, accent="gold")
    with tenancy.use(msp.pk):
        assert not Branding.objects.exists()


def test_saving_the_same_twice_changes_nothing() -> None:
    msp = builders.an_msp()
    first = _change(msp)
    assert _change(msp).version == first.version
    with tenancy.use(msp.pk):
        assert AuditEvent.objects.filter(action="brand.changed").count() == 1


# --- logos


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_becomes_a_png_of_ours_that_fits(kind: str) -> None:
    file = _picture((1600, 300), kind)
    found = pictures.logo(file, len(file.getvalue()))
    assert (found.width, found.height) == (480, 90)
    assert Image.open(io.BytesIO(found.content)).format == "PNG"


def test_what_else_was_in_the_file_is_gone() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "<script>alert(1)</script>")
    file = _picture(pnginfo=notes)
    content = file.getvalue() + b"<script>alert(2)</script>"
    found = pictures.logo(io.BytesIO(content), len(content))
    assert b"script" not in found.content


def test_a_transparent_rim_is_cut_off() -> None:
    picture = Image.new("RGBA", (200, 200))
    picture.paste((10, 20, 30, 255), (50, 80, 150, 120))
    out = io.BytesIO()
    picture.save(out, "PNG")
    found = pictures.logo(io.BytesIO(out.getvalue()), 10)
    assert (found.width, found.height) == (100, 40)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "not a picture"),
        (b"GIF89a", "not a picture"),
        (b"", "not a picture"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 50, "not a picture"),
        (_picture((8, 400)).getvalue(), "too small"),
        (_picture((4000, 3000)).getvalue(), "too many pixels"),
        (_header(10_000, 10_000), "too many pixels"),
        (_header(20_000, 20_000), "not a picture"),
    ],
    ids=["svg", "gif", "empty", "broken", "small", "large", "huge", "bomb"],
)
def test_what_is_no_harmless_picture_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(pictures.BadPicture, match=reason):
        pictures.logo(io.BytesIO(content), len(content))


def test_an_empty_picture_and_a_large_file_are_refused() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (100, 100)).save(out, "PNG")
    with pytest.raises(pictures.BadPicture, match="every pixel is transparent"):
        pictures.logo(io.BytesIO(out.getvalue()), 10)
    with pytest.raises(pictures.BadPicture, match="larger than 2 MB"):
        pictures.logo(out, pictures.LARGEST_UPLOAD + 1)


# --- pages


def _owner(client: Client) -> Msp:
    msp = builders.an_msp("Acme IT")
    member = builders.a_member(msp, Role.OWNER)
    client.login(email=member.user.email, password=PASSWORD)
    return msp


def _post(client: Client, msp: Msp, name: str, **data: Any) -> Any:
    return client.post(doors.url("dashboard", msp, f"dashboard:{name}"), data)


def test_an_owner_sets_the_look_and_everybody_is_served_it(client: Client) -> None:
    msp = _owner(client)
    assert _post(client, msp, "branding", accent="#7a1f5c", paper="a4").status_code == 302
    upload = SimpleUploadedFile("x.png", _picture().getvalue(), "image/png")
    assert _post(client, msp, "branding-logo", logo=upload).status_code == 302
    brand = branding.of(Msp.objects.get(pk=msp.pk))
    anyone = Client()
    style = anyone.get(brand.css_path)
    assert style.content.decode() == f":root {{ --brand-light: #7a1f5c; --brand-dark: {brand.accent_dark}; }}\n"
    assert style["Content-Type"] == "text/css; charset=utf-8"
    assert style["Cache-Control"] == "public, max-age=31536000, immutable"
    assert not style.cookies
    assert anyone.get(brand.css_path.partition("?")[0] + "?v=old")["Cache-Control"] == "no-cache"
    logo = anyone.get(brand.logo_path)
    assert (logo["Content-Type"], logo["Cache-Control"]) == ("image/png", "public, max-age=31536000, immutable")
    assert Image.open(io.BytesIO(logo.content)).size == (400, 100)
    page = client.get(doors.url("dashboard", msp, "dashboard:branding")).content.decode()
    assert brand.logo_path in page
    assert _post(client, msp, "branding-logo-removal").status_code == 302
    assert anyone.get(brand.logo_path).status_code == 404


def test_an_unreadable_color_comes_back_with_a_button_that_saves_the_suggestion(client: Client) -> None:
    msp = _owner(client)
    refused = _post(client, msp, "branding", accent="#ffd400", paper="a4")
    suggestion = colors.read("#ffd400").light
    assert refused.status_code == 422
    assert f"Use {suggestion} instead" in refused.content.decode()
    accepted = _post(client, msp, "branding", accent="#ffd400", accent_instead=suggestion, paper="a4")
    assert accepted.status_code == 302
    assert branding.of(Msp.objects.get(pk=msp.pk)).accent_light == suggestion


def test_a_file_that_is_no_picture_comes_back_with_the_reason(client: Client) -> None:
    msp = _owner(client)
    upload = SimpleUploadedFile("x.png", b"<svg/>", "image/png")
    refused = _post(client, msp, "branding-logo", logo=upload)
    assert refused.status_code == 422
    assert "This is not a picture that we can read." in refused.content.decode()


def test_the_preview_shows_the_color_that_is_tried_out_in_a_frame_of_our_own(client: Client) -> None:
    msp = _owner(client)
    url = doors.url("dashboard", msp, "dashboard:branding-preview")
    part = client.get(url, {"accent": "#ffd400"})
    assert "hard to read" in part.content.decode()
    sample = client.get(url, {"accent": "#7a1f5c", "theme": "dark"})
    assert 'data-theme="dark"' in sample.content.decode()
    assert sample["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in sample["Content-Security-Policy"]
    css = client.get(doors.url("dashboard", msp, "dashboard:branding-preview-css"), {"accent": "}*{x:url(//evil)"})
    assert "evil" not in css.content.decode()


def test_the_portal_wears_the_brand_and_the_dashboard_does_not(client: Client) -> None:
    msp = builders.an_msp("Acme IT")
    _change(msp)
    with tenancy.use(msp.pk):
        login = builders.a_login(builders.a_partner())
        branding.put_logo(msp, pictures.logo(_picture(), 10), by=login.contact, at=AT)
    client.login(email=login.user.email, password=PASSWORD)
    portal = client.get(doors.url("portal", msp, "portal:home")).content.decode()
    brand = branding.of(Msp.objects.get(pk=msp.pk))
    assert f'href="{brand.css_path}"' in portal
    assert f'src="{brand.logo_path}"' in portal
    assert 'class="branded"' in portal
    owner = builders.a_member(msp, Role.OWNER)
    client.login(email=owner.user.email, password=PASSWORD)
    assert brand.css_path not in client.get(doors.url("dashboard", msp, "dashboard:home")).content.decode()


def test_unknown_msps_have_no_brand_to_serve(client: Client) -> None:
    assert client.get("/brand/nobody/brand.css").status_code == 404
    assert client.get("/brand/nobody/logo.png").status_code == 404
    msp = builders.an_msp()
    assert client.get(f"/brand/{msp.slug}/logo.png").status_code == 404
    assert client.get(f"/brand/{msp.slug}/brand.css")["Cache-Control"] == "no-cache"
