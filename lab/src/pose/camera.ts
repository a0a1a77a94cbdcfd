/** The visitor's camera. Its pictures stay in the page. */
export class Camera {
  readonly video: HTMLVideoElement;
  readonly #stream: MediaStream;

  private constructor(video: HTMLVideoElement, stream: MediaStream) {
    [this.video, this.#stream] = [video, stream];
  }

  /** Asks for the camera. @throws Error of one line where there is none or the visitor does not allow it */
  static async open(): Promise<Camera> {
    if (!navigator.mediaDevices) throw new Error('no camera: browsers give it to https and to this machine alone');
    const wanted = { video: { width: { ideal: 640 }, height: { ideal: 480 } }, audio: false };
    const stream = await navigator.mediaDevices.getUserMedia(wanted).catch((error: DOMException) => {
      const why = error.name === 'NotAllowedError' ? 'it was not allowed' : error.message.replace(/\s+/g, ' ');
      throw new Error(`no camera: ${why}`);
    });
    const video = document.createElement('video');
    Object.assign(video, { srcObject: stream, muted: true, playsInline: true });
    try {
      await video.play();
      return new Camera(video, stream);
    } catch (error) {
      stopAll(stream);
      throw new Error(`no camera: ${(error as Error).message}`);
    }
  }

  close(): void {
    this.video.srcObject = null;
    stopAll(this.#stream);
  }
}

function stopAll(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
