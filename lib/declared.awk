# The functions and objects that installed headers declare, from the output of `cc -E` on a file that includes them.
/^# [0-9]+ "/ { inside = $3 ~ /\/assay\// }
/^#/ { next }
inside {
    for (i = 1; i <= length($0); i++) {
        c = substr($0, i, 1)
        if (c == "}") depth--
        if (depth == 0 && c == ";") { declaration(text); text = "" }
        else if (depth == 0) text = text c
        if (c == "{") depth++
    }
    text = text " "
}
function declaration(text) {
    gsub(/__attribute__ *\(\([a-z_]+ *(\([^()]*\))? *\)\)/, "", text)
    gsub(/^[ {}]+/, "", text)
    if (text ~ /^typedef/) return
    if (index(text, "(")) sub(/ *\(.*/, "", text)         # a function: its name is before the first parenthesis
    else if (text ~ /^extern/) sub(/ *(\[.*)?$/, "", text) # an object, perhaps an array
    else return
    sub(/.*[ *]/, "", text)
    print text
}
