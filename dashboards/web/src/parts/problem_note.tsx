import type { ComponentChildren } from 'preact';
import type { Problem } from '../api/problem';

export function ProblemNote({ problem, children }: { problem: Problem; children?: ComponentChildren }) {
  const several = problem.violations.length > 1;
  return (
    <div class="note problem" role="alert">
      <h2>{problem.title}</h2>
      {several ? (
        <ul>
          {problem.violations.map(({ field, description }) => (
            <li key={field + description}>{description}</li>
          ))}
        </ul>
      ) : (
        <p>{problem.text}</p>
      )}
      {children}
    </div>
  );
}
