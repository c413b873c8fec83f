import { z } from "zod";
import { ratePerToken, readDecimal } from "./decimal.ts";

/** Held as text: a price that went through a binary fraction is no longer the price. */
const priceSchema = z.string().regex(/^\d{1,9}(\.\d{1,12})?$/, { error: 'write a price as decimal text: "2.50"' });

const pricesSchema = z.strictObject({
  input: priceSchema,
  output: priceSchema,
  /** Input read from the provider's cache. The input price where it is missing. */
  cachedInput: priceSchema.optional(),
  /** Input written to it. The input price where it is missing. */
  cacheWrite: priceSchema.optional(),
  /** Output that was thought. The output price where it is missing. */
  reasoning: priceSchema.optional(),
});

/** What a model costs from a day on. The configuration lists rows of its own; they come before the ones in `prices.ts`. */
export const priceRowSchema = z
  .strictObject({
    provider: z.string().min(1),
    /** A model, or the beginning of its name and a `*`. */
    model: z.string().regex(/^([^*]+|[^*]*\*)$/, { error: "write a model, or the beginning of its name and one * at the end" }),
    /** In force from midnight UTC of this day. */
    from: z.iso.date(),
    currency: z.literal("USD").default("USD"),
    perMillion: pricesSchema,
    /** What every price is multiplied by in a batch. Without it the price in a batch is unknown. */
    batch: priceSchema.optional(),
  })
  .superRefine((row, context) => {
    for (const [name, text] of Object.entries(row.perMillion)) {
      const price = readDecimal(text ?? "");
      // Text that is no price is a fault of its own, and already found.
      const factors = ["1", row.batch ?? "1"].map(readDecimal).filter((factor) => factor !== null);
      if (price === null || factors.every((factor) => ratePerToken(price, factor) !== null)) continue;
      context.addIssue({
        code: "custom",
        path: ["perMillion", name],
        message: "has more digits than a sum of tokens can hold: a token must cost a whole number of picodollars",
      });
    }
  });

export type PriceRow = z.output<typeof priceRowSchema>;
