/** Hand a text or bytes to the browser as a file. */
export function download(name: string, content: string | Blob, type = "application/json"): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  // Not at once: the browser may still be reading it.
  setTimeout(() => {
    URL.revokeObjectURL(link.href);
  }, 10_000);
}
