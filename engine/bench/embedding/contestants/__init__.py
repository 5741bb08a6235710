"""Who embeds: a file each, loaded in a process of its own. Each has a class `Contestant`.

    Contestant(setup)          loads the model; setup is the JSON that `cells.py` makes
    prepare(kind, inputs)      what comes before a timed run, and isn't counted
    run(kind, inputs)          the timed run, from files or texts to vectors
    vectors(kind, inputs)      (n, d) of the last run, in the order of the inputs; not counted
    facts()                    what it knows of the model: `gflop` by kind, `gflop_per_s`
    stages(kind, inputs)       seconds of each stage; ours alone
"""
