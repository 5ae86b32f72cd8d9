# Adds to LLVM IR what makes the NVPTX back end write .reqntid: clang keeps OpenCL's reqd_work_group_size as metadata of the
# kernel's definition, and the back end looks for it in !nvvm.annotations. Reads the module twice.
# Writes "NAME X Y Z" for every kernel to the file named by the variable `sizes`.

NR == FNR {
    if (match($0, /^![0-9]+ = !\{i32 [0-9]+, i32 [0-9]+, i32 [0-9]+\}$/)) {
        node = $1
        split($0, words, /[ ,}]+/)
        size[node] = words[4] " " words[6] " " words[8]
    }
    if (match($0, /^![0-9]+ /) && substr($1, 2) + 0 >= next_node)
        next_node = substr($1, 2) + 1
    if ($1 == "define" && / spir_kernel / && match($0, /@[A-Za-z_0-9]+\(/)) {
        name = substr($0, RSTART + 1, RLENGTH - 2)
        if (!match($0, /!reqd_work_group_size ![0-9]+/)) {
            print "kernel " name " has no reqd_work_group_size" > "/dev/stderr"
            failed = 1
            next
        }
        names[++count] = name
        node_of[name] = substr($0, RSTART + 22, RLENGTH - 22)
    }
    next
}

/^!nvvm\.annotations = / {
    sub(/\}$/, "")
    additions = ""
    for (i = 1; i <= count; i++) {
        split(size[node_of[names[i]]], extent, " ")
        print names[i], extent[1], extent[2], extent[3] > sizes
        for (axis = 1; axis <= 3; axis++) {
            additions = additions "!" next_node " = !{ptr @" names[i] ", !\"reqntid" substr("xyz", axis, 1) "\", i32 " extent[axis] "}\n"
            $0 = $0 ", !" next_node++
        }
    }
    print $0 "}"
    printf "%s", additions
    annotated = 1
    next
}

{ print }

END {
    if (!failed && !annotated) {
        print "the module defines no kernels" > "/dev/stderr"
        failed = 1
    }
    exit failed
}
