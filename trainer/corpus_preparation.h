#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "trainer/documents.h"

namespace ofsweep {

// What is tokenised: a listed corpus, and the validation corpus where it has one of its own.
struct CorpusRecipe {
  CorpusKind kind = CorpusKind::kPython;
  CorpusListing training;
  CorpusListing validation;  // without files where the tail of the training tokens is kept
  std::int64_t vocabulary = 0;
};

// Changes whenever the same recipe would give other tokens: sources, vocabulary, or the version of this code.
std::string RecipeDigest(const CorpusRecipe& recipe);

// Trains the tokenizer on a sample of the corpus and writes tokenizer.model, tokens.bin and tokens.json, and
// validation.bin and validation.json where the recipe has validation files, into the existing `folder`.
absl::Status WriteCorpus(const CorpusRecipe& recipe, const std::filesystem::path& folder);

}  // namespace ofsweep
