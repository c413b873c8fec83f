import { enableCompileCache } from "node:module";

// As in main.ts: compiled code is kept, so the pause between two processes is not spent on compiling.
enableCompileCache();
const { serveAsSuccessor } = await import("./serve-as-successor.ts");

serveAsSuccessor();
