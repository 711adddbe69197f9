"""`kerastl cache`: the compiled networks."""

from __future__ import annotations

import click

from kerastl._base.text import brief, printable
from kerastl.cli._command import command, option


@command()
@option("--clear", is_flag=True, help="Remove what kerastl compiled, and what runs pages; both come again when needed.")
def cache(clear: bool) -> None:
    """Show or clear the cache of compiled networks.

    The folder is the platform's for caches; KERASTL_CACHE names another.
    """
    from kerastl.errors import KerastlError
    from kerastl.inference._cache import CompiledCache, cache_folder

    compiled = CompiledCache(cache_folder())
    if clear:
        try:
            count, size = compiled.clear()
        except OSError as error:
            raise KerastlError(f"{error.filename} cannot be removed ({error.strerror})") from error
        click.echo(f"{printable(str(compiled.folder))}: {count} files removed, {_megabytes(size)}", err=True)
        return
    total = 0
    for entry in compiled.entries():
        total += entry.size
        compared = "" if entry.agreement is None else f"  fast, {entry.agreement} as in float32"
        click.echo(f"{brief(entry.model):32} {_megabytes(entry.size):>10}  {printable(str(entry.file))}{compared}")
    click.echo(f"{printable(str(compiled.folder))}: {_megabytes(total)}", err=True)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
