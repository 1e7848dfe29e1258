import { hrefOf } from '../state/route';

// Each leads to the sweeps that have it.
export function Tags({ tags }: { tags: readonly string[] }) {
  if (tags.length === 0) return null;
  return (
    <ul class="tags" aria-label="Tags">
      {tags.map((tag) => (
        <li key={tag}>
          <a href={hrefOf({ page: 'sweeps' }, new URLSearchParams({ tags: tag }))}>{tag}</a>
        </li>
      ))}
    </ul>
  );
}
