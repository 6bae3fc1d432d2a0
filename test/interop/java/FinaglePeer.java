// Finagle beside the registry: says what it reads of the members of a ServerSet, and joins another until its input ends.
import com.twitter.finagle.common.zookeeper.ServerSet;
import com.twitter.finagle.common.zookeeper.ServerSetImpl;
import com.twitter.finagle.common.zookeeper.ZooKeeperClient;
import com.twitter.finagle.serverset2.Endpoint;
import com.twitter.util.Duration;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.TreeMap;
import org.apache.zookeeper.ZooKeeper;
import scala.jdk.javaapi.CollectionConverters;

public class FinaglePeer {
  private static PrintStream out;

  public static void main(String[] arguments) throws Exception {
    out = new PrintStream(System.out, true, "UTF-8");
    InetSocketAddress server = new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0]));
    ZooKeeperClient client = new ZooKeeperClient(Duration.fromMilliseconds(40_000), server);
    ZooKeeper zk = client.get();
    for (String node : zk.getChildren(arguments[1], false)) {
      print(new String(zk.getData(arguments[1] + "/" + node, false, null), "UTF-8"));
    }
    ServerSet set = new ServerSetImpl(client, arguments[2]);
    Map<String, InetSocketAddress> others = new TreeMap<>(Map.of("admin", address(91)));
    Map<String, String> metadata = new TreeMap<>(Map.of("weight", "2.5", "note", "sch\u00f6n"));
    ServerSet.EndpointStatus membership = set.join(address(90), others, 3, metadata);
    out.println("ready");
    System.in.read();
    membership.leave();
    client.close();
    System.exit(0);
  }

  /** An address that needs no look-up. */
  private static InetSocketAddress address(int port) throws Exception {
    return new InetSocketAddress(InetAddress.getByAddress("java.example", new byte[] {10, 0, 0, 9}), port);
  }

  private static void print(String json) {
    for (Endpoint endpoint : CollectionConverters.asJava(Endpoint.parseJson(json))) {
      out.println("read " + String.join(",", endpoint.names()) + " " + endpoint.host() + " " + endpoint.port() + " "
          + endpoint.shard() + " " + endpoint.status() + " "
          + new TreeMap<>(CollectionConverters.asJava(endpoint.metadata())));
    }
  }
}
