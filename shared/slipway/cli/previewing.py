"""A preview on the terminal."""

from slipway.cli.output import Format, console, dump, printable
from slipway.client.previews import ObjectName, Preview

MARKS = {"+": "green", "~": "yellow", "-": "red"}


def show_preview(preview: Preview, output: Format) -> None:
    """Print values and objects that would change, marked + ~ -."""
    if output is not Format.TABLE:
        dump(preview, output)
        return
    out = console()
    if preview.values:
        out.print("Values", style="bold")
        for each in preview.values:
            before = "" if each.before is None else f"{each.before} -> "
            out.print(printable(f"  {each.field.strip('/').replace('/', '.')}: {before}{each.after}"))
    out.print("Objects", style="bold")
    for mark, objects in (("+", preview.added), ("~", preview.changed), ("-", preview.removed)):
        for each in objects:
            out.print(printable(f"  {mark} {_name(each)}"), style=MARKS[mark])
            for field in getattr(each, "fields", []):
                out.print(printable(f"      {field.pointer}: {field.before} -> {field.after}"))
    if not (preview.added or preview.changed or preview.removed):
        out.print("  none changes")
    usage = preview.usage
    out.print(f"It asks for {usage.cpu_milli}m CPU, {usage.memory_mib} MiB memory, {usage.storage_gib} GiB storage.")
    if preview.removes_everything:
        out.print("Every object of it would be removed.", style="bold red")
    if preview.promises == "inputs":
        out.print("Promised are template and values; the objects may differ, at least in what the new name is part of.")


def _name(each: ObjectName) -> str:
    return f"{each.kind}/{each.name}"
