export { startKept } from "./start-kept.ts";
