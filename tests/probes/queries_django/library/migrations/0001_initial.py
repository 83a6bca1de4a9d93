"""The tables, and a row that only tests with serialized_rollback get back."""

import django.db.models.deletion
from django.db import migrations, models


def keep(apps, editor):
    """Leave the row."""
    apps.get_model("library", "Kept").objects.using(editor.connection.alias).create(name="kept")


class Migration(migrations.Migration):
    """As makemigrations writes it."""

    initial = True
    operations = [
        migrations.CreateModel(
            name="Author",
            fields=[
                ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Kept",
            fields=[
                ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Book",
            fields=[
                ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=50)),
                (
                    "author",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="library.author"),
                ),
            ],
        ),
        migrations.RunPython(keep, migrations.RunPython.noop),
    ]
