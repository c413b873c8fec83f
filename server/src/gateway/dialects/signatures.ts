/**
 * A thought's signature is good only at the provider that made it, and only OpenAI's responses call theirs `encrypted_content`. In a
 * canonical request theirs has a mark; in a response the others have one. So each comes back to whom it belongs to, whoever carried it.
 */
const ofResponses = "openai-responses:";
const ofOthers = "millrace:";

/** Of a thought whose provider signs none: no provider takes it back. */
export const unsigned = ofOthers;

/** Undefined for one that is unsigned. */
export function readEncrypted(encrypted: string): string | undefined {
  if (encrypted === "" || encrypted === unsigned) return undefined;
  return encrypted.startsWith(ofOthers) ? encrypted.slice(ofOthers.length) : `${ofResponses}${encrypted}`;
}

export function writeEncrypted(signature: string): string {
  return isOfResponses(signature) ? signature.slice(ofResponses.length) : `${ofOthers}${signature}`;
}

export function isOfResponses(signature: string): boolean {
  return signature.startsWith(ofResponses);
}
