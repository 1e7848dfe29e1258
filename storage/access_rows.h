#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "access/principal.h"
#include "storage/database_connection.h"
#include "storage/store.h"

namespace ofsweep {

// On the writer's or a reader's connection; SQLite's errors are thrown. Contracts are those of Store.
void SavePrincipal(DatabaseConnection& connection, const Principal& principal);
std::vector<Principal> ListPrincipals(DatabaseConnection& connection);
void InsertAudit(DatabaseConnection& connection, const AuditEntry& entry);
void SetAuditOutcome(DatabaseConnection& connection, std::int64_t id, const std::string& outcome);
std::int64_t LastAuditId(DatabaseConnection& connection);

}  // namespace ofsweep
