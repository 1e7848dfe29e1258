#include "storage/access_rows.h"

namespace ofsweep {

void SavePrincipal(DatabaseConnection& connection, const Principal& principal) {
  Query(connection.Prepare("INSERT OR REPLACE INTO principals (name, role, token_hash, created_by, created_at, "
                           "expires_at, revoked_at) VALUES (?1, ?2, nullif(?3, ''), ?4, ?5, ?6, ?7)"))
      .Bind(principal.name, RoleName(principal.role), principal.token_hash, principal.created_by, principal.created_at,
            principal.expires_at, principal.revoked_at)
      .Run();
}

std::vector<Principal> ListPrincipals(DatabaseConnection& connection) {
  Query query(
      connection.Prepare("SELECT name, role, ifnull(token_hash, ''), created_by, created_at, expires_at, "
                         "revoked_at FROM principals ORDER BY name"));
  std::vector<Principal> principals;
  while (query.Next()) {
    const auto role = ParseRole(query.Text(1));
    if (!role) continue;  // of a later version: it may do nothing here
    principals.push_back({.name = query.Text(0),
                          .role = *role,
                          .token_hash = query.Text(2),
                          .created_by = query.Text(3),
                          .created_at = query.Integer(4),
                          .expires_at = query.Integer(5),
                          .revoked_at = query.Integer(6)});
  }
  return principals;
}

void InsertAudit(DatabaseConnection& connection, const AuditEntry& entry) {
  Query(connection.Prepare("INSERT INTO audit_log (id, at, caller, role, peer, action, subject) "
                           "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"))
      .Bind(entry.id, entry.at, entry.caller.name, RoleName(entry.caller.role), entry.caller.peer, entry.action,
            entry.subject)
      .Run();
}

void SetAuditOutcome(DatabaseConnection& connection, std::int64_t id, const std::string& outcome) {
  Query(connection.Prepare("UPDATE audit_log SET outcome = ?2 WHERE id = ?1")).Bind(id, outcome).Run();
}

std::int64_t LastAuditId(DatabaseConnection& connection) {
  Query query(connection.Prepare("SELECT ifnull(max(id), 0) FROM audit_log"));
  query.Next();
  return query.Integer(0);
}

}  // namespace ofsweep
