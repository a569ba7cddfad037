# Summary of an lcov tracefile: lines and branches of each folder of lib/, and the files below the goal.
# lcov.info: SF:file, LF/LH lines found and hit, BRF/BRH branches, end_of_record.
BEGIN { FS = ":"; goal = 95 }

function percent(hit, found) { return found > 0 ? sprintf("%5.1f %%", 100 * hit / found) : "      -" }

function row(name, key) {
    printf "%-28s %6d of %6d  %s   %6d of %6d  %s\n", name, lines_hit[key], lines[key],
        percent(lines_hit[key], lines[key]), branches_hit[key], branches[key], percent(branches_hit[key], branches[key])
}

function add(key) {
    lines[key] += LF; lines_hit[key] += LH; branches[key] += BRF; branches_hit[key] += BRH
}

/^SF:/ { file = $2; sub(/^.*\/lib\//, "", file); LF = LH = BRF = BRH = 0 }
/^LF:/ { LF = $2 }
/^LH:/ { LH = $2 }
/^BRF:/ { BRF = $2 }
/^BRH:/ { BRH = $2 }
/^end_of_record/ {
    folder = file
    sub(/\/[^\/]*$/, "", folder)
    if (!(folder in lines)) order[++folders] = folder
    add(folder); add("lib")
    if (LH * 100 < goal * LF) below[++count] = sprintf("  lib/%-40s %s of %d lines", file, percent(LH, LF), LF)
}

END {
    printf "%-28s %16s  %7s   %16s  %7s\n", "", "lines", "", "branches", ""
    for (i = 1; i <= folders; i++) row("lib/" order[i], order[i])
    row("lib", "lib")
    if (count) {
        printf "\nFiles below %d %% of their lines:\n", goal
        for (i = 1; i <= count; i++) print below[i]
    }
}
