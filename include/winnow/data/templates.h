// Prompts for class names: templates, and sets of them that winnow ships.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace winnow::data {

// A template with {} for the class name stands for itself ("{}" is the bare name); else the name of a set of templates
// that winnow ships (imagenet-80, imagenet-7, clip-cifar, ...). UsageError with the nearest name, and for more than one
// {}.
std::vector<std::string> templates_of(const std::string& text);
std::vector<std::string> template_set_names();
// Words that mean each data set's own prompt (sweep/own_prompts.h): no set and no recorded file has such a name.
const std::vector<std::string>& own_prompt_words();

// How often {} stands in a text; and why a text is no template (it has more than one {}, or none), empty where it is
// one.
std::size_t places_in(const std::string& text);
std::string fault_of_template(const std::string& text);

// "a photo of a {}." with the class name in place of {} and its underscores as spaces. UsageError without exactly one
// {}.
std::string prompt(const std::string& text_template, const std::string& class_name);

}  // namespace winnow::data
