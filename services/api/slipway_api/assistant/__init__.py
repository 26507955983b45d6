"""The assistant: a language model that acts with the user's own rights, and never without the user's word on a deployment.

A *turn* answers one message of the user. It belongs to one process at a time (a row with an end, `conversation_turn`),
and goes on when the client that asked has gone. Its record is written as it happens: the user's message first, then each
tool call in the transaction of what it did, then the answer. A model that fails leaves that record, and `retry` goes on
from it.

A tool looks, or writes the user's own tasks, or *proposes* a change of a deployment. A proposal is stored with what it
would do and is not run. Only a message that the user posts afterwards can confirm it, and what then runs are the stored
arguments. What a model says, and what stands in logs, charts, tasks or tool results, is never the user's word: nothing
reads it as such.
"""
