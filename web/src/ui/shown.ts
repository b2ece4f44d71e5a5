/** A dialog that is open, with what it needs. */
export type Shown =
  | { readonly kind: "channel" | "shortcuts" | "switcher" }
  | { readonly kind: "settings"; readonly hasKey: boolean }
  | { readonly kind: "rename" | "members"; readonly channelId: string }
  | Confirmation;

/** Something that is done only when the user is sure. */
export interface Confirmation {
  readonly kind: "confirm";
  readonly title: string;
  readonly text: string;
  /** What the button says that does it. */
  readonly action: string;
  /** Does it; it returns why that failed, "" if it did not. */
  readonly run: () => Promise<string>;
}

/** Show opens a dialog, or closes the one that is open. */
export type Show = (dialog: Shown | undefined) => void;
