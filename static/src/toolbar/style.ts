/** The toolbar's own style: nothing of the page's reaches it, nor the other way round. */

export const STYLE = `
:host {
  all: initial;
  position: fixed;
  z-index: 2147483647;
  max-width: calc(100vw - 16px);
  margin: 8px;
  font: 13px/1.3 ui-sans-serif, system-ui, sans-serif;
  color: #eef2f8;
}
:host(.bottom) { bottom: 0; }
:host(.top) { top: 0; }
:host(.right) { right: 0; }
:host(.left) { left: 0; }
@media print { :host { display: none; } }
.bar, .more {
  background: #12171e;
  border: 1px solid #2c3542;
  border-radius: 9px;
  box-shadow: 0 4px 18px rgb(0 0 0 / 35%);
}
.bar {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 4px 10px;
  width: fit-content;
  margin-left: auto;
  padding: 5px 7px 5px 10px;
}
.more { margin-bottom: 6px; padding: 10px 14px; max-height: 60vh; overflow: auto; }
p { margin: 0 0 6px; }
.columns { display: flex; flex-wrap: wrap; gap: 8px 28px; }
ol { list-style: none; margin: 0; padding: 0; }
li { display: flex; justify-content: space-between; gap: 14px; padding: 2px 0; }
code { font: 600 12.5px ui-monospace, monospace; }
.num { font-variant-numeric: tabular-nums; white-space: nowrap; }
.mut { color: #9aa6b6; }
.status { font-weight: 700; color: #9aa6b6; text-decoration: none; }
.status:hover { text-decoration: underline; }
.s2 { color: #35cdb0; }
.s3, .warn { color: #ffb04a; }
.s4, .s5, .err { color: #ff6f73; }
.sql { color: #ff9d4d; }
.strip { position: relative; width: 110px; height: 7px; border-radius: 2px; background: #2c3542; overflow: hidden; }
.strip i { position: absolute; top: 0; height: 7px; min-width: 1px; background: #6b7688; }
.strip .before { background: #6ea6ff; }
.strip .sql { background: #ff9d4d; }
.strip .template { background: #b78cff; }
.strip .error { background: #ff6f73; }
.strip .after, .strip .body { background: #35cdb0; }
button {
  font: 600 12px ui-sans-serif, system-ui, sans-serif;
  color: #eef2f8;
  background: #1b2330;
  border: 1px solid #2c3542;
  border-radius: 6px;
  padding: 2px 7px;
  cursor: pointer;
}
a:focus-visible, button:focus-visible { outline: 2px solid #6ea6ff; outline-offset: 1px; }
`;
