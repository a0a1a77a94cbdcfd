/** The most pixels of a picture that the page decodes: beyond it, phones run out of memory. */
const MOST_PIXELS = 40e6;

/**
 * Decodes a picture upright.
 * @throws Error of one line where it is none, broken or too large; its size is known before it is decoded
 */
export async function decodePicture(file: File): Promise<ImageBitmap> {
  if (file.size === 0) throw new Error(`${file.name}: an empty file`);
  const url = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = url;
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = () => reject(new Error(`${file.name}: no picture that this browser can read, or a broken one`));
    });
    const pixels = image.naturalWidth * image.naturalHeight;
    if (pixels > MOST_PIXELS) {
      const megapixels = (count: number) => Math.round(count / 1e6);
      throw new Error(
        `${file.name}: ${megapixels(pixels)} megapixels, the page takes up to ${megapixels(MOST_PIXELS)}; scale it down`,
      );
    }
    return await createImageBitmap(file).catch(() => {
      throw new Error(`${file.name}: a picture that cannot be decoded; it is broken, or a drawing such as SVG`);
    });
  } finally {
    URL.revokeObjectURL(url);
  }
}
