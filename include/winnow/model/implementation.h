// Whose code an adaptation and a head follow where published implementations differ: the setting `implementation`.
#pragma once

#include <string_view>

namespace winnow::model {

// "deft", and not "partialclip": AdaptationOptions::deft.
inline bool follows_deft(std::string_view implementation) { return implementation == "deft"; }

}  // namespace winnow::model
