#!/bin/sh
# The student's side, assay.py: a session checks itself, with NumPy, lists and classes; what goes wrong is one line.
# evidence: property: program/grade
# evidence: errors: program/grade
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_python numpy python3-numpy
starter python "$folder"
cd "$folder" || exit 1
ASSAY=$(cd "$OLDPWD" && cd "$build" && pwd)/tests/assay
export ASSAY
printf '{"assay": "x", "seed": 21, "components": ["sgd", "adam", "tanh"]}\n' >assignment.json

# checked STATUS FILE WORD...: `python3 FILE WORD...`
checked() {
    wanted=$1
    shift
    "$PYTHON" "$@" >out 2>err
    got=$?
    [ $got -eq "$wanted" ] || { cat out err; fail "$*: exit status $got, expected $wanted"; }
}
checked 0 submission.py check
total=$(($(cases tanh) + $(cases sgd) + $(cases adam)))
says out "$total of $total points"
says out "public seed 21"
checked 0 -m assay check submission.py 22
says out "public seed 22"
sed 's/ m_hat = m \/ .*/ m_hat = m/' submission.py >wrong.py
checked 1 wrong.py check
says out "the first moment's bias correction is missing"
says out "Hint: "
sed 's/(np.sqrt(v_hat) + self.epsilon)/np.sqrt(v_hat + self.epsilon)/' wrong.py >both.py
checked 1 both.py check
says out "the first moment's bias correction is missing"
says out "epsilon is inside the root"
# The grader, with the same seed, says the same of the same file.
"$ASSAY" grade --unsandboxed --seed 21 --only adam --folder . -- "$PYTHON" wrong.py >out 2>err
says out "[adam.first_correction_missing]"

# A session: functions are redefined, print, raise, do not end, or are not written.
cat >session.py <<'END2'
import sys, time
import assay

@assay.implements("tanh")
def f(z):  # other names than the component's, and plain lists
    import math
    print("debugging")
    return [[math.tanh(v) for v in row] for row in z] if z and isinstance(z[0], list) else [math.tanh(v) for v in z]

result = assay.check(only="tanh", seed=3)
assert result.points == result.possible == 4, result
assert "<td>4 of 4</td>" in result._repr_html_() and "public seed 3" in str(result)
assert result.report["seed"] == 3

@assay.implements("tanh")
def g(z):
    raise ValueError("<no> idea")
result = assay.check(only=["tanh"], seed=3)
assert result.points == 0 and "ValueError: <no> idea, line" in str(result), result
assert "&lt;no&gt;" in result._repr_html_() and "<no>" not in result._repr_html_()

@assay.implements("tanh")
def h(z):
    while True:
        try: time.sleep(1)
        except Exception: pass
assay._SECONDS = 0.2
result = assay.check(only="tanh", seed=3)
assert "no answer within 0.2 s" in str(result), result

@assay.implements("tanh")
def i(z):
    raise NotImplementedError("the hyperbolic tangent")
assert "not implemented" in str(assay.check(only="tanh", seed=3))

@assay.implements("tanh")
def j(z):
    return object()
assert "an output is no number or array" in str(assay.check(only="tanh", seed=3))

# An optimizer that is a class over lists, with other names in its constructor.
@assay.implements("sgd")
class S:
    def __init__(self, params, lr=1):
        self.params, self.lr = params, lr
    def step(self, gradients):
        for p, g in zip(self.params, gradients):
            for k in range(len(p)):
                p[k] -= self.lr * g[k]
assert assay.check(only="sgd", seed=3).points == 5

for wrong in (lambda: assay.implements("adamm"), lambda: assay.use(precision=16), lambda: assay.use(arrays="pandas"),
              lambda: assay.check(only="nothing"), lambda: assay.check(seed=-1),
              lambda: assay.check(program="/no/assay")):
    try:
        wrong()
    except assay.AssayError as error:
        print(error)
    else:
        raise AssertionError("not refused")
END2
checked 0 session.py
says out "no component 'adamm'; there are linear_forward"
says out "nothing: no such component"
says out "set the variable ASSAY"
checked 1 -m assay check nothing.py
says err "assay: nothing.py: not there"
checked 1 -m assay nonsense
says err "usage:"

# An interrupt ends the function, the check and the grader.
cat >endless.py <<'END2'
import assay, time
@assay.implements("tanh")
def f(x):
    print("begun", flush=True)
    time.sleep(60)
assay.check(only="tanh")
END2
# (A shell's background job ignores SIGINT; Python is told to heed it.)
"$PYTHON" -c "import signal, runpy
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_path('endless.py')" >out 2>err &
pid=$!
tries=0
until grep -q begun out; do
    tries=$((tries + 1))
    [ $tries -lt 200 ] || fail "check did not begin within 20 s"
    sleep 0.1
done
kill -INT $pid
wait $pid
says err "KeyboardInterrupt"
[ -z "$(pgrep -P $pid)" ] || fail "the grader outlives its check"

# Nothing but the standard library is imported, unless the student's code uses more.
"$PYTHON" -c "import assay, sys; sys.exit('numpy' in sys.modules or 'torch' in sys.modules)" ||
    fail "assay.py imports NumPy"
