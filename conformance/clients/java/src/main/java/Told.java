import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;

/** How a story is told: its steps in order, one line each, {@code ok STEP} or {@code FAIL STEP: what differed}. */
final class Told {
  interface Step {
    void run() throws Exception;
  }

  static final class Differs extends RuntimeException {
    Differs(String what) {
      super(what);
    }
  }

  private Told() {}

  /** Runs every step, whatever became of the one before. */
  static void tell(Map<String, Step> story) {
    story.forEach((name, step) -> {
      try {
        step.run();
        System.out.println("ok " + name);
      } catch (Exception broken) {
        var why = broken instanceof Differs ? broken.getMessage() : broken.toString();
        System.out.println("FAIL " + name + ": " + (why + Remembering.last()).replaceAll("\\s+", " "));
      }
    });
  }

  static void same(String what, Object got, Object want) {
    holds(what + ": " + got + ", not " + want, Objects.equals(got, want));
  }

  static void holds(String otherwise, boolean condition) {
    if (!condition) {
      throw new Differs(otherwise);
    }
  }

  /** A moment so far from now, give or take a minute. */
  static void ahead(String what, Instant at, Duration wanted) {
    holds(what + " is absent", at != null);
    var off = Duration.between(Instant.now().plus(wanted), at).abs();
    holds(what + ": " + at + ", not " + wanted + " ahead", off.compareTo(Duration.ofMinutes(1)) < 0);
  }
}
