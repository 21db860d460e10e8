import type { ComponentType, JSX } from "preact";
import { useState } from "preact/hooks";

interface DialogButtonProps {
  readonly name: string;
  readonly title?: string;
  /** What it opens, once it is open. */
  readonly dialog: ComponentType<{ readonly onClose: () => void }>;
}

/** A button that opens a dialog. */
export function DialogButton({ name, title, dialog: Dialog }: DialogButtonProps): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        aria-haspopup="dialog"
        aria-expanded={open}
        title={title}
        onClick={() => {
          setOpen(true);
        }}
      >
        {name}
      </button>
      {open ? (
        <Dialog
          onClose={() => {
            setOpen(false);
          }}
        />
      ) : null}
    </>
  );
}
