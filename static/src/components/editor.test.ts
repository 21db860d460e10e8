// @vitest-environment happy-dom

import { expect, test } from "vitest";

import { chooseEditor, editorLink } from "./editor";

test("a place is opened in the editor that was chosen, and that is remembered", () => {
  expect(editorLink({ file: "/app/my views.py", line: 7 })).toBe("vscode://file/app/my%20views.py:7");
  expect(editorLink({ file: String.raw`C:\app\#1.py`, line: 7 })).toBe("vscode://file/C:/app/%231.py:7");
  chooseEditor("PyCharm");
  expect(editorLink({ file: "/a&b.py", line: 7 })).toBe("pycharm://open?file=%2Fa%26b.py&line=7");
  expect(localStorage.getItem("lifecycle-editor")).toBe("PyCharm");
  chooseEditor("no editor");
  expect(editorLink({ file: "/a.py", line: 7 })).toBeNull();
});
