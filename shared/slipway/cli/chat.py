"""`slipway chat`: the assistant, which acts with your rights and asks before it changes anything."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Annotated, Literal
from uuid import UUID

from cyclopts import App, Parameter

from slipway.cli.asking import agreed, at_terminal, line
from slipway.cli.exits import Exit, Stop, exit_of
from slipway.cli.groups import ASSISTANT
from slipway.cli.output import Column, Format, Output, printable, remarks, say, show_list
from slipway.cli.session import connected
from slipway.cli.times import age
from slipway.client import NotFound, Refused, Slipway
from slipway.client.conversations import Conversation, Message, Piece, ToolCall

Word = Literal["yes", "no"]
Earlier = Annotated[UUID, Parameter(help="Its id: see `slipway chat list`.")]
app = App(name="chat", help="Talk with the assistant.", group=ASSISTANT)


@app.default
async def chat(question: str | None = None, /, *, conversation: UUID | None = None) -> None:
    """Ask the assistant. Without a question, talk until Ctrl-D.

    It can look and act for you, with your rights. Before it changes something it says what, and asks.

    Parameters
    ----------
    question
        One question; the answer is printed and that is all.
    conversation
        Go on with an earlier one: see `slipway chat list`.
    """
    if question is None and not at_terminal():
        raise Stop(Exit.MISUNDERSTOOD, 'nobody can type here: `slipway chat "your question"`')
    async with connected() as slipway:
        here = conversation or (await slipway.conversations.create()).id
        if question is None:
            await _talk(slipway, here)
        else:
            await _turn(slipway, here, slipway.conversations.say(here, question))
    say(f"go on with: slipway chat --conversation {here}")


@app.command
async def decide(conversation: UUID, word: Word | None = None, /) -> None:
    """Say yes or no to what waits in a conversation: of the assistant, or of an MCP client of yours.

    Parameters
    ----------
    conversation
        See `slipway chat list`, or what the MCP client was told.
    word
        To all that waits; without it you are asked for each.
    """
    async with connected() as slipway:
        said = await slipway.conversations.messages(conversation)
        waiting = [call for each in said for call in each.waiting]
        if not waiting:
            say("nothing waits here")
        if waiting and word is None and not at_terminal():
            raise Stop(Exit.MISUNDERSTOOD, f"nobody can answer here: `slipway chat decide {conversation} yes`, or no")
        await _decide(slipway, conversation, waiting, word)


@app.command
async def retry(conversation: Earlier, /) -> None:
    """Have your last message answered again, when the model failed. What was done for it is kept, and not done twice."""
    async with connected() as slipway:
        said = await slipway.conversations.messages(conversation)
        last = next((each.id for each in reversed(said) if each.role == "user"), None)
        if last is None:
            raise NotFound("you have said nothing there yet")
        await _turn(slipway, conversation, slipway.conversations.retry(conversation, last))


@app.command(name="list")
async def list_(*, output: Output = Format.TABLE) -> None:
    """List your conversations."""
    columns: list[Column[Conversation]] = [
        ("id", lambda each: each.id), ("title", lambda each: each.title), ("age", lambda each: age(each.created_at)),
    ]  # fmt: skip
    async with connected() as slipway:
        show_list(await slipway.conversations.list(), columns, output, empty="no conversation yet")


@app.command
async def show(conversation: Earlier, /, *, output: Output = Format.TABLE) -> None:
    """Show what was said in a conversation."""
    async with connected() as slipway:
        said = await slipway.conversations.messages(conversation)
    columns: list[Column[Message]] = [("who", lambda each: each.role), ("what", lambda each: each.content)]
    show_list(said, columns, output, empty="nothing was said yet")


@app.command
async def rename(
    conversation: Earlier, title: Annotated[str, Parameter(help="What it is called from now on.")], /
) -> None:
    """Give a conversation a title."""
    async with connected() as slipway:
        await slipway.conversations.rename(conversation, title)
    say("renamed")


@app.command
async def delete(conversation: Earlier, /) -> None:
    """Delete a conversation."""
    async with connected() as slipway:
        await slipway.conversations.delete(conversation)
    say("deleted")


async def _talk(slipway: Slipway, here: UUID) -> None:
    say("Ctrl-D ends")
    while (text := line("> ")) is not None:
        if not text.strip():
            continue
        try:
            await _turn(slipway, here, slipway.conversations.say(here, text))
        except (Refused, Stop) as error:
            code, message = exit_of(error)
            if code is Exit.NOT_ALLOWED:
                raise
            say(message)
    say("")


async def _turn(slipway: Slipway, here: UUID, pieces: AsyncGenerator[Piece]) -> None:
    """Print an answer as it comes; ask about each call that is proposed, and go on with what follows."""
    proposed = await _print(pieces, here)
    if at_terminal():
        await _decide(slipway, here, proposed, None)
        return
    for call in proposed:
        say(f"proposed, and waiting for your word: {call.summary}\nslipway chat decide {here}")


async def _decide(slipway: Slipway, here: UUID, waiting: Sequence[ToolCall], word: Word | None) -> None:
    for call in waiting:
        question = f"The assistant wants to: {call.summary} Let it?"
        if word == "yes" or (word is None and agreed(question, yes=False)):
            await _turn(slipway, here, slipway.conversations.confirm(here, call.id))
        else:
            await _turn(slipway, here, slipway.conversations.decline(here, call.id))


async def _print(pieces: AsyncGenerator[Piece], here: UUID) -> list[ToolCall]:
    """Return the calls that wait for a yes. Where the answer fails, say how to have it all the same."""
    made: list[Message] = []
    heard = False
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                heard = heard or piece.kind == "user"
                _show_piece(piece)
                made = piece.messages or made
    except Refused as error:
        if not heard:
            raise
        code, message = exit_of(error)
        raise Stop(code, f"{message}\nhave it answered again: slipway chat retry {here}") from error
    print()
    return [call for message in made for call in message.waiting]


def _show_piece(piece: Piece) -> None:
    if piece.kind == "delta":
        print(printable(piece.text), end="", flush=True)
    elif piece.kind == "tool":
        named = f"[{piece.data.get('name', 'tool')}: {piece.data.get('status', '')}]"
        remarks().print(printable(named), style="dim")
