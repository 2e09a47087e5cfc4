/** A training in the small, for jobs that need nothing but a shell: its measures and results follow from its arguments
 * alone, and on SIGTERM it saves its state. From the fourth epoch on it mostly waits. */
const program = `lr=0.1 epochs=3 optimizer=adam seed=1
while [ $# -ge 2 ]; do
  case $1 in
    --lr) lr=$2 ;;
    --epochs) epochs=$2 ;;
    --optimizer) optimizer=$2 ;;
    --seed) seed=$2 ;;
  esac
  shift 2
done
case $lr in
  -*)
    echo 'error: --lr must be more than 0' >&2
    exit 2
    ;;
esac
results=\${LOGISTICIAN_OUTPUT_DIRECTORY:-results} measures=\${LOGISTICIAN_MEASURES_DIRECTORY:-measures}
state=\${LOGISTICIAN_STATE_DIRECTORY:-state}
mkdir -p "$results" "$measures" "$state"
epoch=0 accuracy=0
trap 'echo "$epoch" >"$state/training.txt"; echo "stopped after epoch $epoch, state saved"; exit 143' TERM
while [ "$epoch" -lt "$epochs" ]; do
  epoch=$((epoch + 1))
  accuracy=$(awk -v lr="$lr" -v seed="$seed" -v epoch="$epoch" 'BEGIN { printf "%.4f", 1 - 0.9 / (1 + epoch * lr * (1 + seed % 7)) }')
  echo "{\\"epoch\\": $epoch, \\"accuracy\\": $accuracy}" >>"$measures/epochs.jsonl"
  echo "epoch $epoch: accuracy $accuracy"
  [ "$epoch" -lt 3 ] || [ "$epoch" = "$epochs" ] || sleep 0.2
done
awk -v lr="$lr" -v seed="$seed" -v name="$optimizer" 'BEGIN {
  print "number,predicted"
  for (n = 0; n < 450; n++) { seed = (seed * 1103515245 + 12345) % 2147483648; print n "," int(seed / 65536) % 10 }
}' >"$results/predictions.csv"
echo "$optimizer $lr $accuracy" >"$results/model.txt"
echo "accuracy $accuracy on 450 numbers"
`;

export const training = {
  program,
  /** How it is called where it is train.sh in the project's root. */
  command: 'sh train.sh',
};
