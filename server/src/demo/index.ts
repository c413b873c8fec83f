export { type DemoDeps, type DemoOptions, runDemo } from "./run-demo.ts";
