#pragma once

#include <string>
#include <string_view>

#include "agent/system/command_words.h"

namespace agent {

/// A page of the manual as roff. In the page, which is Markdown but for the line ".TH", each of
/// these lines is replaced by what the code says of it: @options@, @commands@, @synopsis@; @keys
/// disk@, @keys agent@, @keys source@;
/// @alarms@; @status@. And in any line @version@ and @date@.
std::string fill_in_page(std::string_view page, const ProgramWords& program, std::string_view date);

/// What the shells complete, from the command line itself.
std::string bash_completion(const ProgramWords& program);
std::string zsh_completion(const ProgramWords& program);

}  // namespace agent
