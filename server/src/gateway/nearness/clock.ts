/** An answer is worth more than to know what its question is like. */
export const defaultWithinMs = 2000;
