/** The first `max` UTF-16 units of a text, well-formed even if the cut or the text splits a surrogate pair. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text.toWellFormed();
  const last = text.charCodeAt(max - 1);
  const isHalf = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isHalf ? max - 1 : max).toWellFormed();
}
