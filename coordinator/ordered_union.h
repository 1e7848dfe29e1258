#pragma once

namespace ofsweep {

// Visits the elements of two ordered sets in ascending order, what is in both once. True where `visit` returned true,
// which ends it.
template <class Set, class Visit>
bool VisitUnion(const Set& a, const Set& b, const Visit& visit) {
  auto left = a.begin();
  auto right = b.begin();
  while (left != a.end() || right != b.end()) {
    const bool takes_left = right == b.end() || (left != a.end() && !(*right < *left));
    const bool takes_right = left == a.end() || (right != b.end() && !(*left < *right));
    if (visit(takes_left ? *left : *right)) return true;
    if (takes_left) ++left;
    if (takes_right) ++right;
  }
  return false;
}

}  // namespace ofsweep
