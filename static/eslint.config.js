import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules"] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      // Prettier leaves long texts and comments as they are.
      "max-len": ["error", { code: 110, ignoreRegExpLiterals: true }],
      "max-lines-per-function": ["error", 60],
      // Named to be left out of the rest.
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
    },
  },
  // A group of tests is a function, too.
  { files: ["**/*.test.ts"], rules: { "max-lines-per-function": "off" } },
);
