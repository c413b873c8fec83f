const blockSize = 512;

/** One file of a tar archive; undefined when it holds no such file. Names of up to 255 characters, as `ustar` writes them. */
export function readTarFile(archive: Buffer, path: string): Buffer | undefined {
  for (let at = 0; at + blockSize <= archive.length;) {
    const header = archive.subarray(at, at + blockSize);
    if (header[0] === 0) return undefined;
    const size = Number.parseInt(text(header, 124, 12), 8);
    if (!Number.isSafeInteger(size)) throw new Error("This is no tar archive.");
    const from = at + blockSize;
    if (from + size > archive.length) throw new Error("The tar archive is cut off.");
    const prefix = text(header, 257, 5) === "ustar" ? text(header, 345, 155) : "";
    if (`${prefix === "" ? "" : `${prefix}/`}${text(header, 0, 100)}` === path) return archive.subarray(from, from + size);
    at = from + Math.ceil(size / blockSize) * blockSize;
  }
  return undefined;
}

function text(header: Buffer, from: number, length: number): string {
  const field = header.subarray(from, from + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? length : end).trim();
}
