"""A router of the user's."""


class BooksElsewhere:
    """Reads books from the other database."""

    def db_for_read(self, model, **hints):
        """See Django's documentation of routers."""
        return "other" if model.__name__ == "Book" else None
