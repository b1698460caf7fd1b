"""The same fifty people in front of the floor."""

from locust import HttpUser, between, task


class Reader(HttpUser):
    """Reads the floor's page again and again."""

    wait_time = between(0.5, 2.5)

    @task
    def page(self) -> None:
        """Fifty rows."""
        self.client.get("/floor/", name="floor")
