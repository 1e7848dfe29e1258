import { Code, ConnectError } from '@connectrpc/connect';
import { type FieldViolation, fieldViolations } from './field_violations';

// What went wrong, as a user should read it.
export interface Problem {
  title: string;
  text: string;
  violations: FieldViolation[];
  code: Code;
}

// fetch() tells that nobody answered by a TypeError, a proxy in front by UNAVAILABLE.
export function isServerGone(error: unknown): boolean {
  const problem = ConnectError.from(error);
  return problem.code === Code.Unavailable || problem.cause instanceof TypeError;
}

export function isAbort(error: unknown): boolean {
  return ConnectError.from(error).code === Code.Canceled;
}

const TITLES: Partial<Record<Code, string>> = {
  [Code.InvalidArgument]: 'The coordinator cannot answer this',
  [Code.NotFound]: 'There is no such thing',
  [Code.PermissionDenied]: 'You may not do this',
  [Code.FailedPrecondition]: 'The sweep does not allow this now',
  [Code.ResourceExhausted]: 'Too much at once',
  [Code.Internal]: 'The coordinator failed',
  [Code.DeadlineExceeded]: 'The coordinator took too long',
};

export function problemOf(error: unknown): Problem {
  const cause = ConnectError.from(error);
  if (isServerGone(error)) {
    return {
      title: 'No answer from the coordinator',
      text: 'It may be starting, stopping or unreachable. This page goes on asking.',
      violations: [],
      code: Code.Unavailable,
    };
  }
  if (cause.code === Code.Unimplemented) {
    return {
      title: 'The coordinator is of another version than this page',
      text: `It does not know what this view asks for. Reload the page. (${cause.rawMessage})`,
      violations: [],
      code: cause.code,
    };
  }
  return {
    title: TITLES[cause.code] ?? 'The coordinator answered with an error',
    text: cause.rawMessage || Code[cause.code],
    violations: fieldViolations(cause),
    code: cause.code,
  };
}
