/**
 * Rendezvous hashing (Thaler and Ravishankar, 1998): each place draws a number from the session's name, and the highest goes first.
 * When a place is away only its sessions move, and they come back with it. A weight of 2 wins twice as often as one of 1.
 */
export function rankByRendezvous<Place extends string | number>(
  session: string,
  places: readonly Place[],
  weight: (place: Place) => number = () => 1,
): Place[] {
  const scored = places.map((place) => ({ place, score: -weight(place) / Math.log(fractionOf(`${session}\u0000${place}`)) }));
  return scored.toSorted((left, right) => right.score - left.score).map(({ place }) => place);
}

/** A number strictly between 0 and 1 that is the same for the same text everywhere. FNV-1a, mixed as MurmurHash3 ends. */
export function fractionOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ (text.charCodeAt(index) & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (text.charCodeAt(index) >>> 8), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) + 0.5) / 2 ** 32;
}
