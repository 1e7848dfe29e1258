#include "storage/series_table.h"

#include <functional>
#include <string_view>

namespace ofsweep {

std::size_t SeriesTable::Hash::operator()(const Series& series) const {
  const std::hash<std::string_view> hash;
  // An odd multiplier spreads the layers, which differ in few bits.
  const std::size_t layer = static_cast<std::size_t>(series.layer.value_or(kNoLayer)) * 0x9E3779B97F4A7C15u;
  return (hash(series.metric) ^ layer) * 31 + hash(series.site);
}

SeriesTable::Entry SeriesTable::Intern(const Series& series) {
  if (const auto found = entries_.find(series); found != entries_.end()) return found->second;
  const int layer = series.layer.value_or(kNoLayer);
  Entry entry{0, RoleOf(series)};
  {
    Query find(connection_.Prepare("SELECT id FROM series WHERE metric = ?1 AND layer = ?2 AND site = ?3"));
    if (find.Bind(series.metric, layer, series.site).Next()) entry.id = find.Integer(0);
  }
  if (entry.id == 0) {
    Query(connection_.Prepare("INSERT INTO series (metric, layer, site) VALUES (?1, ?2, ?3)"))
        .Bind(series.metric, layer, series.site)
        .Run();
    entry.id = connection_.LastRowId();
  }
  entries_.emplace(series, entry);
  return entry;
}

}  // namespace ofsweep
