import { EmptyNote } from '../parts/empty_note';
import { useTitle } from '../state/hooks';
import { hrefOf } from '../state/route';

export function UnknownPage({ path }: { path: string }) {
  useTitle('No such page');
  return (
    <EmptyNote isPage title="There is no such page">
      <p>
        <code>{path}</code> is no address of this page. It may be of another version, or cut off.
      </p>
      <p>
        <a href={hrefOf({ page: 'sweeps' })}>All sweeps</a>
      </p>
    </EmptyNote>
  );
}
