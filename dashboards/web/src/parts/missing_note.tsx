// Of what a link asks for and the sweep has not; nothing where it has all.
export function MissingNote({ names }: { names: readonly string[] }) {
  if (names.length === 0) return null;
  return <p class="warning">The link asks for {names.join(', ')}, of which the sweep has nothing.</p>;
}
