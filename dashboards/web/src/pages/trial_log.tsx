import { Code } from '@connectrpc/connect';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { followLog } from '../api/log';
import { type Problem, problemOf } from '../api/problem';
import { ProblemNote } from '../parts/problem_note';
import { useIsHidden } from '../state/hooks';

const NEAR_THE_END = 40;

// What the trainer of one attempt has logged, as it grows. A hidden page gives its stream back.
export function TrialLog({ trial, attempt }: { trial: string; attempt: number }) {
  const [text, setText] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  const isHidden = useIsHidden();
  const element = useRef<HTMLPreElement>(null);
  const followsEnd = useRef(true);
  useEffect(() => {
    if (isHidden) return;
    const abort = new AbortController();
    setProblem(undefined);
    followLog(trial, attempt, setText, abort.signal).catch((error: unknown) => setProblem(problemOf(error)));
    return () => abort.abort();
  }, [trial, attempt, isHidden]);
  useLayoutEffect(() => {
    if (element.current && followsEnd.current) element.current.scrollTop = element.current.scrollHeight;
  }, [text]);
  if (problem?.code === Code.NotFound) return <p class="faint">{problem.text}</p>;
  return (
    <>
      {problem && <ProblemNote problem={problem} />}
      {text === undefined && !problem && <p class="faint">Nothing is logged yet.</p>}
      {text !== undefined && (
        <pre
          class="log"
          tabIndex={0}
          aria-label={`Log of attempt ${attempt}`}
          ref={element}
          onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
            followsEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_THE_END;
          }}
        >
          {text}
        </pre>
      )}
    </>
  );
}
