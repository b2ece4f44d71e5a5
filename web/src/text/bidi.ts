/** Letters written from right to left, and the marks that turn a text's direction. */
const turning = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** unturned is a name without the marks that would show it backwards. */
export function unturned(name: string): string {
  return name.replace(/[\u202a-\u202e\u2066-\u2069]/g, "");
}

/**
 * isolated is a name for use in a sentence: whatever its direction, and whatever marks
 * stand in it, the words around it stay where they are.
 */
export function isolated(name: string): string {
  if (!turning.test(name)) return name;
  return `\u2068${unturned(name)}\u2069`;
}
