# pinchbeck_embed_file(TARGET FILE SYMBOL)
# Compiles the bytes of FILE into TARGET as
#
#   namespace pinchbeck::embedded { extern const std::string_view SYMBOL; }
#
# The source is generated at build time, again whenever FILE changes. The bytes become one string literal of
# hexadecimal escapes, which compiles many times faster than an array of numbers.
#
# The same file is the generator: cmake -DINPUT=... -DOUTPUT=... -DSYMBOL=... -P EmbedFile.cmake

if(CMAKE_SCRIPT_MODE_FILE)
  file(READ "${INPUT}" hex HEX)
  string(LENGTH "${hex}" length)
  math(EXPR bytes "${length} / 2")
  get_filename_component(name "${INPUT}" NAME)
  set(text "// Generated from ${name}; do not edit.\n#include <string_view>\n\n")
  string(APPEND text "namespace pinchbeck::embedded {\n\nextern const std::string_view ${SYMBOL};\n")
  string(APPEND text "const std::string_view ${SYMBOL}(\n")
  if(length EQUAL 0)
    string(APPEND text "\"\"\n")
  endif()
  # Piece by piece, so that no line of the source grows without bound.
  set(position 0)
  while(position LESS length)
    string(SUBSTRING "${hex}" ${position} 2048 piece)
    string(REGEX REPLACE "(..)" "\\\\x\\1" piece "${piece}")
    string(APPEND text "\"${piece}\"\n")
    math(EXPR position "${position} + 2048")
  endwhile()
  string(APPEND text ", ${bytes});\n\n}  // namespace pinchbeck::embedded\n")
  file(WRITE "${OUTPUT}" "${text}")
  return()
endif()

function(pinchbeck_embed_file target file symbol)
  get_filename_component(input "${file}" ABSOLUTE)
  set(output "${CMAKE_CURRENT_BINARY_DIR}/embedded/${symbol}.cc")
  add_custom_command(
    OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DINPUT=${input}" "-DOUTPUT=${output}" "-DSYMBOL=${symbol}"
            -P "${CMAKE_CURRENT_FUNCTION_LIST_FILE}"
    DEPENDS "${input}" "${CMAKE_CURRENT_FUNCTION_LIST_FILE}"
    COMMENT "Embedding ${file}"
    VERBATIM)
  target_sources(${target} PRIVATE "${output}")
endfunction()
