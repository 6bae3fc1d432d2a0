// Dubbo's URL beside the registry: says what it reads of the names of nodes, and encodes a URL of its own.
import java.io.PrintStream;
import java.util.TreeMap;
import org.apache.dubbo.common.URL;

public class DubboPeer {
  private static final String OWN = "dubbo://10.0.0.9:20880/com.example.Users?anyhost=true&application=java"
      + "&group=blue green&interface=com.example.Users&methods=find,list&note=sch\u00f6n 1+1=2 %"
      + "&timestamp=1700000000000&version=1.0&weight=50";

  public static void main(String[] arguments) throws Exception {
    PrintStream out = new PrintStream(System.out, true, "UTF-8");
    for (String node : arguments) {
      URL url = URL.valueOf(URL.decode(node));
      out.println("read " + url.getProtocol() + " " + url.getHost() + " " + url.getPort() + " " + url.getPath()
          + " " + url.getServiceKey() + " " + new TreeMap<>(url.getParameters()));
      out.println("again " + URL.encode(url.toFullString()));
    }
    out.println("own " + URL.encode(URL.valueOf(OWN).toFullString()));
    System.exit(0);
  }
}
