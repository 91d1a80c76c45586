import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;

/** Remembers the last call, for the line of a step that breaks next. The SDK finds it by the file {@code execution.interceptors}. */
public final class Remembering implements ExecutionInterceptor {
  private static volatile String last = "";

  static String last() {
    return last;
  }

  @Override
  public void afterExecution(Context.AfterExecution done, ExecutionAttributes attributes) {
    last = "; after " + done.request() + " answered " + done.response();
  }

  @Override
  public void onExecutionFailure(Context.FailedExecution failed, ExecutionAttributes attributes) {
    last = "; after " + failed.request() + " answered " + failed.exception();
  }
}
