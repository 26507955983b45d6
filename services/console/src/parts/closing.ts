/** How a dialog with a change is closed: not while that is at work, as a refusal would be told to nobody. */
export function closing(change: { isPending: boolean; reset: () => void }, onClose: () => void): () => void {
  return () => {
    if (change.isPending) return;
    change.reset();
    onClose();
  };
}
