namespace Gsasr.Layers.Tests;

/// <summary>A sum of numbers or products, in whatever order a kernel takes them.</summary>
internal struct BoundedSum
{
    private double _value;
    private double _magnitude;
    private double _error;
    private int _terms;

    /// <summary>The sum so far.</summary>
    public readonly Bounded Sum => new(_value, _error + ((2 + Math.Sqrt(_terms)) * Bounded.Unit * _magnitude));

    /// <summary>Adds a number.</summary>
    public void Add(Bounded term)
    {
        _value += term.Value;
        _magnitude += Math.Abs(term.Value);
        _error += term.Error;
        _terms++;
    }

    /// <summary>Adds a product.</summary>
    public void Add(Bounded a, Bounded b)
    {
        double product = a.Value * b.Value;
        _value += product;
        _magnitude += Math.Abs(product);
        _error += (Math.Abs(a.Value) * b.Error) + (Math.Abs(b.Value) * a.Error);
        _terms++;
    }
}
