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
  private next = 0;
  private shown = '';

  add({ begin, text }: LogPiece): string {
    if (begin > this.next) {
      const isLineOpen = this.shown !== '' && !this.shown.endsWith('\n');
      this.shown += `${this.decoder.decode()}${isLineOpen ? '\n' : ''}… ${begin - this.next} bytes left out …\n`;
    }
    this.next = begin + text.length;
    this.shown = (this.shown + this.decoder.decode(text, { stream: true })).slice(-MOST_CHARACTERS);
    return this.shown;
  }
}
