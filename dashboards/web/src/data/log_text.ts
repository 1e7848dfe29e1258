export interface LogPiece {
  // Bytes of the log that are before `text`.
  begin: number;
  text: Uint8Array;
}

// More than a page shows well, and all that the coordinator keeps of a log.
const MOST_CHARACTERS = 1 << 20;

// The newest part of a log, made of pieces of its bytes that are cut anywhere; what is no UTF-8 is replaced.
export class LogText {
  private decoder = new TextDecoder();
  // Bytes of the log that are shown, or were left out.
  end = 0;
  private shown = '';

  add({ begin, text }: LogPiece): string {
    if (begin > this.end) {
      const isLineOpen = this.shown !== '' && !this.shown.endsWith('\n');
      this.shown += `${this.decoder.decode()}${isLineOpen ? '\n' : ''}… ${begin - this.end} bytes left out …\n`;
    }
    this.end = begin + text.length;
    this.shown = (this.shown + this.decoder.decode(text, { stream: true })).slice(-MOST_CHARACTERS);
    return this.shown;
  }
}
