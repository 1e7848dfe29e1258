import { useEffect, useRef, useState } from 'preact/hooks';
import { type Problem, problemOf } from '../api/problem';

export interface QuestionText {
  title: string;
  text: string;
  yes: string;
  isDangerous?: boolean;
}

// Asks before it acts, and says what went wrong where it was asked.
export function Question({ question, act, onClose }: { question: QuestionText; act(): Promise<unknown>; onClose(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [problem, setProblem] = useState<Problem>();
  const [isBusy, setBusy] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  const confirm = async () => {
    setBusy(true);
    try {
      await act();
      dialog.current?.close();
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="question">
      <h2 id="question">{question.title}</h2>
      <p>{question.text}</p>
      {problem && (
        <p class="warning" role="alert">
          {problem.title}: {problem.text}
        </p>
      )}
      <div class="dialog-buttons">
        <button type="button" onClick={() => dialog.current?.close()}>
          No, leave it
        </button>
        <button type="button" class={question.isDangerous ? 'danger' : 'primary'} disabled={isBusy} onClick={confirm}>
          {question.yes}
        </button>
      </div>
    </dialog>
  );
}
