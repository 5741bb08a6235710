"""The web page: what its address asks for, what its views show, their templates, styles and scripts.

templates/       one for each view, and the pieces that several share
static/          styles and ES modules of our own, sent as they are; no build step
static/vendor/   htmx 4.0.1 of the npm package htmx.org (0BSD, see htmx.LICENSE.txt): what a
                 request answers is HTML that is put in its place, so that every view also works by plain
                 links and forms, and there is one way to render. It needs no build, and no eval.
"""
