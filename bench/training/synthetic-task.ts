import { createRandom } from "../../server/src/core/index.ts";
import { atMost, result } from "../table.ts";
import { compareFits } from "./fits.ts";

const [rows, width] = [1_000_000, 28];
const repeats = 3;

const random = createRandom(1);
const gauss = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
const features = Array.from({ length: width }, (_, index) => ({
  name: `x${index}`,
  kind: "number" as const,
  values: Float64Array.from({ length: rows }, gauss),
}));
const target = Float64Array.from({ length: rows }, (_, row) => {
  const [a, b, c, d, e, f, g, h, i] = features.map(({ values }) => values[row]!) as number[] & { length: 28 };
  const score = a! * b! + Math.sin(2 * c!) + 0.8 * d! * Math.sign(e!) + 0.5 * f! + 0.3 * g! ** 2 - 0.3 + 0.4 * h! * i!;
  return Number(random.next() < 1 / (1 + Math.exp(-1.5 * score)));
});

const before = process.memoryUsage().rss;
const figures = compareFits("synthetic", { rows, features, target }, { objective: "binary", peer: "binary", repeats });
const megabytes = (process.resourceUsage().maxRSS * 1024 - before) / 1e6;
const limit = (1.5 * rows * width) / 1e6 + 200;
process.send?.([...figures, result("synthetic: memory above that of the data, peak", megabytes, "MB", { goal: atMost(limit), n: rows })]);
process.disconnect();
